// Package postgres is the backend that makes a database on a PostgreSQL server
// for every resource: a database, a role that owns what the customer creates,
// and a login with the customer's password. The program addongw-plugin-postgres
// serves it.
//
// It limits no storage (it measures it), and it manages no servers: the operator has
// one.
//
// # What a resource is on the server
//
//	database  db_SHORTID    belongs to the provisioner, so that the customer
//	                        cannot drop, rename or open it, or lift its limit
//	role      u_SHORTID_g   group; may do everything inside the database and
//	                        owns what is created there; cannot log in
//	role      u_SHORTID_a   login; member of the group and acting as it from
//	                        the first statement on
//	role      u_SHORTID_b   a login like it, since the first rotation: each
//	                        rotation goes to the one that is not in use, and
//	                        both can alter what the other made
//
// Each of them carries a comment that names the resource (see [target]).
// Nothing without that comment is ever adopted, changed or dropped. Where
// drop_policy keeps data for a while, the comment on the database says until
// when (see [deprovision.keeps]).
//
// # Which login is in use
//
// The one that the recorded outputs name. Between a rotation's stage and its end
// the other one is open too. What a rotation has closed has connection limit 0 (see
// [closed]), which no suspend touches and no resume lifts; that is how a resume
// knows which logins to let in.
//
// # How it survives being killed
//
// Every call holds a session lock on the resource, on the connection that does
// the work, and every step is "ensure": an attempt that died is repeated from
// the beginning. Read [provision] first, then [Backend.Rotate], then [target] and
// explain in errors.go, which decides what the gateway is told about an error.
package postgres
