// Package storetest is the suite that every store passes: a new store's test
// is one call of [Run]. It says in code what gateway/lifecycle's Store promises
// in words.
package storetest
