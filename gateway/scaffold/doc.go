// Package scaffold makes the files of a new configuration directory: what
// "addongw init" writes.
//
// The texts are in templates/, one folder for each kind of backend; common/
// goes with all of them, platforms/ has the block of each marketplace. They are
// text/template, and read like what becomes of them. Nothing in them needs a
// version of addongw that does not exist.
//
// It asks nobody anything and prints nothing; that is the command's part. Read
// [Files] first, then [Write].
package scaffold
