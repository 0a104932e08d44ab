/** The charter that `coldwire-charter example` prints: every key, with its unit. */
export const EXAMPLE = `# A charter. Amounts are in satoshi, sizes in vB, lives in blocks, windows in ticks (about ten minutes each).
# Hashes and keys are hexadecimal: coldwire-charter key and coldwire-custody keygen print them.
title = "Example treasury"
network = "regtest"                    # mainnet, testnet4, signet, regtest

[[signer]]                             # exactly three; record: what coldwire-custody keygen wrote
name = "A"
record = "A/public.json"
# ... B and C

[[gate]]                               # two or more on mainnet
name = "gate-1"
key = "…"
seal_key = "…"

[[vault]]
name = "vault-1"
key = "…"

[[screen]]
name = "screen-1"
key = "…"

[[requester]]                          # who may ask for withdrawals; up to four keys each
name = "exchange"
keys = ["…"]

[[custodian]]
name = "custodian-1"
group = "operations"
key = "…"                              # Ed25519, for charters
recipient = "age1…"                    # for the share

[policy]
max_inputs = 200
max_outputs = 110
max_intents = 100
max_vsize = 100_000                    # vB, worst case
amount_per_transaction = 500_000_000
fee_absolute = 2_000_000
fee_rate = 200_000                     # sat per 1,000 vB
fee_share = 50                         # thousandths of what is paid
fee_share_floor = 20_000               # fees up to this need no share
scripts = ["p2wpkh", "p2wsh", "p2tr", "p2sh", "p2pkh"]
change_gap = 20
receive_limit = 100_000
intent_life = 144
intent_ahead = 2
freeze_ticks = 36
gate_delay = 1_800                     # seconds

[[policy.window]]                      # one to four; wallet-wide, each signer enforces two thirds
ticks = 144
amount = 1_500_000_000
count = 2_000
fee = 10_000_000

[clock]
checkpoint_height = 0                  # mainnet: the first block of a retargeting period
checkpoint = "…"                       # its 80-byte header
spacing = 600
burial = 6
fresh = 43_200                         # seconds
`;
