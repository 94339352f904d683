"""Being connected to an org: who logs in, the session, and every HTTP call over it.

addresses.py       what an address must be before a secret goes there
bounds.py          how much of a reply is taken, and for how long
browser_login.py   a login in the browser; callback.py: where it comes back to
connect.py         `Org`, an open session, and `connect`
halting.py         threads that nobody waits for any more
kept_login.py      what `sf-elt login` keeps of a connection, and whose turn it is to renew it
keys.py            key pairs for logins without a browser
login.py           `Login`: credentials, and where they come from
metering.py        who counts the calls
network_faults.py  what went wrong below HTTP, in words
no_answers.py      replies that no org gives
oauth.py           the OAuth endpoints: grants, revoke, who somebody is
opening.py         a new session by credentials
private_file.py    files for their owner only, whole at every instant
refused_logins.py  what an administrator does about a login that is refused
renewing.py        sessions of kept logins, renewed once for all processes
safe_to_repeat.py  which requests may be sent again
sealing.py         secrets at rest: the system's keyring, or a key of the environment
sessions.py        the sessions that are open in this process, shared and renewed once for all
signing_in.py      what `sf-elt login` and `logout` do
transport.py       every call: counted before it leaves, bounded in time, repeated where that is safe
"""
