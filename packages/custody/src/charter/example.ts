/** The charter that `coldwire-charter example` prints: every key, with its unit. */
export const EXAMPLE = `# A charter. Amounts are in satoshi, sizes in vB, lives in blocks, windows in ticks (about ten minutes each).
# Hashes and keys are hexadecimal: coldwire-charter key and coldwire-custody keygen print them.
title = "Example treasury"
network = "regtest"                    # mainnet, testnet4, signet, regtest
quorum = 2                             # custodians who must sign a later charter

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
people = []                            # approvers who can use these keys: theirs do not count for its intents

[[custodian]]
name = "custodian-1"
group = "operations"
key = "…"                              # Ed25519, for charters
recipient = "age1…"                    # for the share

[[approver]]                           # optional: people who approve large withdrawals with ssh-keygen -Y sign
name = "approver-1"
keys = ["sk-ssh-ed25519@openssh.com AAAA…"]   # lines of .pub files, ssh-ed25519 or sk-ssh-ed25519@openssh.com

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
destinations = "any"                   # any, registered (by a requester, and the delay over) or listed (allow only)
destination_ticks = 144                # delay of a registered destination
allow = []                             # addresses that need no registration
deny = []                              # addresses that are never paid
loosen_ticks = 144                     # delay of a charter that loosens anything

[[policy.tier]]                        # optional, by ascending amount: the last that fits decides
above = 100_000_000
approvals = 1
approvers = ["approver-1"]             # two or more on mainnet

[[policy.velocity]]                    # optional: limits per destination and per requester
per = "destination"                    # destination or requester
ticks = 144
amount = 500_000_000
count = 20

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
