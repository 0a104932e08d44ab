"""Asks the crate cddl, by pycddl: reads {cddl, items: [[rule, hex]]}, prints for each whether the bytes match the rule."""

import json
import sys

import pycddl

question = json.load(sys.stdin)
schemas = {}


def judge(rule, data):
    # A schema's first rule is its root.
    if rule not in schemas:
        schemas[rule] = pycddl.Schema(f"root = {rule}\n{question['cddl']}")
    try:
        schemas[rule].validate_cbor(bytes.fromhex(data))
        return True
    except pycddl.ValidationError:
        return False


json.dump([judge(rule, data) for rule, data in question["items"]], sys.stdout)
