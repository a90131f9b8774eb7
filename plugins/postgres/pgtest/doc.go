// Package pgtest starts a real PostgreSQL server for tests: its own data
// folder, its own port, reachable over loopback and a unix socket only, with
// passwords (SCRAM) everywhere and every statement in its log. The server ends
// with the test, and also when the test process is killed.
//
// A test calls [Start]. A package whose tests share one server calls [Open] in
// its TestMain and [Server.Close] after the run, and [SkipOrFail] in each test
// when Open found no PostgreSQL.
//
// Durability is switched off (fsync): a server of this package is for testing
// behaviour, never for measuring or for data.
package pgtest
