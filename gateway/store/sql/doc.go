// Package sql holds the statements that all stores share, in plain
// database/sql: [Tx] changes rows in one transaction, [Reader] reads committed
// ones for the engine and for operators. How transactions begin, end and share
// a commit is each store's own; see gateway/store/sqlite.
//
// Placeholders are $1, $2, … numbered in the order of their first use, which
// SQLite and PostgreSQL understand alike. What differs between databases is in
// [Dialect]. Statements that list columns put them in the order of the column
// lists in resource.go and operation.go.
//
// Read [Runner] first.
package sql
