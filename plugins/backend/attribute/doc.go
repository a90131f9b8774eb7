// Package attribute reads what an operator wrote into the config block of a plugin
// or into a plan's params, one attribute at a time, known or not yet, and makes
// diagnostics that point at it.
//
// Plugins that want a Go struct of a whole block decode it instead (see
// backend.Value.Decode): that tells nothing of what is unknown, and not where a
// mistake is. Outputs that an operator declares are in package declared.
package attribute
