"""Reads {descriptor, count, psbt} and prints what the Bitcoin Development Kit makes of it: addresses, and the PSBT again."""

import json
import sys

import bdkpython as bdk

NETWORKS = {
    "mainnet": (bdk.Network.BITCOIN, bdk.NetworkKind.MAIN),
    "testnet4": (bdk.Network.TESTNET4, bdk.NetworkKind.TEST),
    "signet": (bdk.Network.SIGNET, bdk.NetworkKind.TEST),
    "regtest": (bdk.Network.REGTEST, bdk.NetworkKind.TEST),
}

asked = json.load(sys.stdin)
network, kind = NETWORKS[asked["network"]]
wallet = bdk.Wallet.create_from_two_path_descriptor(
    bdk.Descriptor(asked["descriptor"], kind), network, bdk.Persister.new_in_memory()
)
addresses = [
    [str(wallet.peek_address(chain, index).address) for index in asked["indices"]]
    for chain in (bdk.KeychainKind.EXTERNAL, bdk.KeychainKind.INTERNAL)
]
psbt = bdk.Psbt(asked["psbt"])
json.dump({"addresses": addresses, "psbt": psbt.serialize(), "fee": psbt.fee()}, sys.stdout)
