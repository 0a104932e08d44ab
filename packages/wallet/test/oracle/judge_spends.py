"""Asks Bitcoin Core's consensus code: reads [{tx, spent: [[script, amount]]}], prints for each whether every input may spend."""

import json
import sys

import pbk
from pbk.script import PrecomputedTransactionData


def judge(spend):
    tx = pbk.Transaction(bytes.fromhex(spend["tx"]))
    spent = [
        pbk.TransactionOutput(pbk.ScriptPubkey(bytes.fromhex(script)), amount)
        for script, amount in spend["spent"]
    ]
    shared = PrecomputedTransactionData(tx, spent)
    flags = pbk.ScriptVerificationFlags.ALL
    return [
        bool(output.script_pubkey.verify(output.amount, tx, shared, index, flags))
        for index, output in enumerate(spent)
    ]


json.dump([judge(spend) for spend in json.load(sys.stdin)], sys.stdout)
