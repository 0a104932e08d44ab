"""Bitcoin Core's consensus code as a judge: one JSON request per line on stdin, one answer per line on stdout.

{"block": hex}                              -> {"tip": hash of the best block, last byte first, "height": n}
{"tx": hex, "outputs": [[script, amount]]}  -> {"inputs": [true, ...]}, or {"inputs": null} if it cannot be read
"""
import json
import sys
import tempfile

import pbk
from pbk.script import PrecomputedTransactionData


def judge_scripts(request):
    try:
        tx = pbk.Transaction(bytes.fromhex(request["tx"]))
    except RuntimeError:
        return {"inputs": None}
    outputs = [
        pbk.TransactionOutput(pbk.ScriptPubkey(bytes.fromhex(script)), amount)
        for script, amount in request["outputs"]
    ]
    shared = PrecomputedTransactionData(tx, outputs)
    flags = pbk.ScriptVerificationFlags.ALL
    return {
        "inputs": [
            output.script_pubkey.verify(output.amount, tx, shared, index, flags)
            for index, output in enumerate(outputs)
        ]
    }


def judge_block(manager, request):
    try:
        manager.process_block(pbk.Block(bytes.fromhex(request["block"])))
    except (RuntimeError, pbk.KernelException):
        pass
    chain = manager.get_active_chain()
    best = chain.block_tree_entries[chain.height]
    return {"tip": str(best.block_hash), "height": chain.height}


def main():
    with tempfile.TemporaryDirectory(prefix="coldwire-kernel-") as directory:
        manager = pbk.load_chainman(directory, pbk.ChainType.REGTEST)
        for line in sys.stdin:
            request = json.loads(line)
            answer = judge_block(manager, request) if "block" in request else judge_scripts(request)
            print(json.dumps(answer), flush=True)


main()
