// Package declared reads blocks output "NAME" { … }, by which operators of
// plugins such as shell and http say what their own scripts or APIs return. The
// outputs schema of such a plugin follows from its configuration. It also tells which
// texts of an operation are secret, and which numbers can be outputs.
//
// Read [Block] and [Read] first.
package declared
