// Package shell is the backend whose work is done by scripts of the operator:
// one executable per life-cycle verb or action, in one directory. A vendor who
// already has "create-customer.sh" sells it with this and a page of HCL.
//
// The contract between plugin and scripts is called addongw-shell/1 and is
// written down in README.md: what a script finds in its arguments, environment
// and standard input, and what its output and exit code mean.
//
// What this package promises beyond running programs: nothing is inherited, a
// secret is on standard input and nowhere else, and no process of a script's
// group outlives its call, however the script, the plugin or the gateway ends.
//
// What it does not do: it keeps no state of its own between calls, and it does
// not sandbox. A script is the operator's code and may do what its user may.
//
// Read [Backend] first, then finish in calls.go, which is one call from
// beginning to end, then run in process.go, which is one process.
package shell
