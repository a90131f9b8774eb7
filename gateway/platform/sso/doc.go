// Package sso holds what the marketplaces' single sign-ons have in common: how
// old a timestamp may be, the digest of one family and whether it fits, a form
// whose fields come once, and the random tickets that stand for a customer
// afterwards.
//
// Other formulas, field names and the order of checks are each dialect's; the
// pages that customers see are package web's. [Tickets], and what [Spent]
// remembers of proofs that were used, live in the memory of one process: a store
// that several processes share would have to keep them instead. A restart ends
// all sessions, and a customer opens the add-on again.
//
// Read [Window] first.
package sso
