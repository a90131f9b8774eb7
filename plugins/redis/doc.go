// Package redis is the backend that makes a Redis for every resource: a server
// of its own (mode dedicated), or a user with a key prefix on a server that is
// there (mode shared). The program addongw-plugin-redis serves it, and is the
// runner of dedicated servers too.
//
// It makes no replicas and no clusters, and measures nothing in shared mode.
//
// # Dedicated servers
//
// A resource is a folder (see [instance] and [directory]), and the file
// instance.json in it is the one truth ([record]): its port, its plan, the
// hashes of its passwords, whether it is to run. It appears with the folder in
// one step and is replaced as a whole. The server's own configuration is
// written from it at each start, and changed alongside while the server runs.
//
// One process for all servers of a directory, the [runner], starts what should
// run and does not. It is this program again, in a session of its own; the
// backend starts it where there is none. Everybody may be killed at any time,
// because nobody's memory counts: a server holds the lock of its folder itself,
// as an open file that it inherited, so nobody ever starts a second one.
//
// The backend talks to a server through a socket in its folder, which proves
// whose it is, and ends it by the process that listens there.
//
// # Shared server
//
// A resource is one user, or two while it is rotated, named by the short id and
// marked by a channel in its rules ([aclUser]). A change counts when ACL SAVE
// has succeeded. What a customer must not do is in acl.go, and a test asks a
// real server about every command that it has.
//
// Read [Backend] first, then [dedicated] or [shared]. Every step is "ensure": an
// attempt that died is repeated from the beginning. explain in errors.go decides
// what the gateway is told about an error.
package redis
