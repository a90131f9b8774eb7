// Package semver compares versions of programs with what a configuration asks
// for, in the same way wherever it does: what addongw validate accepts is started.
//
// Read [Constraint].
package semver
