"""Reads {descriptors, indices, psbt} and prints what HWI makes of it: scripts, and the PSBT again with its key origins."""

import json
import sys

from hwilib.descriptor import parse_descriptor
from hwilib.psbt import PSBT

asked = json.load(sys.stdin)
scripts = [
    [parse_descriptor(text).expand(index).witness_script.hex() for index in asked["indices"]]
    for text in asked["descriptors"]
]
psbt = PSBT()
psbt.deserialize(asked["psbt"])
origins = [origin.to_string(hardened_char="h") for origin in psbt.xpub.values()]
json.dump({"scripts": scripts, "psbt": psbt.serialize(), "origins": sorted(origins)}, sys.stdout)
