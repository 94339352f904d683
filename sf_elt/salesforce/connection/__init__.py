"""Being connected to an org: who logs in, the session, and every HTTP call over it.

bounds.py          how much of a reply is taken, and for how long
connect.py         `Org`, an open session, and `connect`
halting.py         threads that nobody waits for any more
kept_login.py      what `sf-elt login` keeps of a connection, and whose turn it is to renew it
login.py           `Login`: credentials, and where they come from
oauth.py           the OAuth endpoints: grants, revoke, who somebody is
opening.py         a new session by credentials
private_file.py    files for their owner only, whole at every instant
refused_logins.py  what an administrator does about a login that is refused
renewing.py        sessions of kept logins, renewed once for all processes
sealing.py         secrets at rest: the system's keyring, or a key of the environment
sessions.py        the sessions that are open in this process, shared and renewed once for all
transport.py       every call: counted before it leaves, bounded in time, repeated where that is safe
"""
