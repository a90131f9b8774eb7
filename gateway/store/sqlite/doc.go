// Package sqlite is the embedded store: one file, one process, no set-up.
//
// Every commit reaches the disk before it is reported (WAL,
// synchronous=FULL). One goroutine writes; transactions that wait for it share
// a commit, each in a savepoint of its own, so that sixteen clients cost little
// more flushes than one. Reads have connections of their own.
//
// It holds an exclusive lock on "<path>.lock" as long as it is open: two
// processes on one file would each take the other's running operations for
// orphans. Do not put the file on a network file system.
//
// Statements are in gateway/store/sql. Read [Open] first, then writer.go.
package sqlite
