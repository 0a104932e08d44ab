"""Reads {descriptor, transactions, payments} and prints the PSBT that the Bitcoin Development Kit drafts: a watch-only wallet on
our descriptor that has seen these transactions pays these scripts."""

import json
import sys

import bdkpython as bdk

asked = json.load(sys.stdin)
network, kind = bdk.Network.REGTEST, bdk.NetworkKind.TEST
wallet = bdk.Wallet.create_from_two_path_descriptor(
    bdk.Descriptor(asked["descriptor"], kind), network, bdk.Persister.new_in_memory()
)
wallet.reveal_addresses_to(bdk.KeychainKind.EXTERNAL, asked["index"])
transactions = [bdk.Transaction(bytes.fromhex(one)) for one in asked["transactions"]]
wallet.apply_unconfirmed_txs([bdk.UnconfirmedTx(tx=tx, last_seen=1) for tx in transactions])
builder = bdk.TxBuilder().fee_rate(bdk.FeeRate.from_sat_per_vb(5))
for payment in asked["payments"]:
    script = bdk.Script(bytes.fromhex(payment["script"]))
    builder = builder.add_recipient(script, bdk.Amount.from_sat(payment["amount"]))
psbt = builder.finish(wallet)
json.dump({"psbt": psbt.serialize(), "fee": psbt.fee()}, sys.stdout)
