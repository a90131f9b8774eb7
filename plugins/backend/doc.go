// Package backend is what the author of a backend plugin needs: the interface
// to implement ([Backend]), the words it speaks ([Op], [Result], [Failure],
// [Schema]), and one call that serves it ([Serve]).
//
// A plugin is a program whose main function is
//
//	func main() { backend.Serve(postgres.New()) }
//
// and whose binary is called addongw-plugin-NAME. It learns everything it
// needs in the calls themselves: it reads no files of the gateway, inherits no
// environment and keeps no state of its own between calls.
//
// README.md has a complete plugin, its test, and the rules by which it survives.
// Here read [Backend] first; [Basic] answers what a simple plugin leaves out,
// [Suspender], [Rotator] and [Invoker] are what a backend may do besides. The generated
// protocol types are in backendpb and stay behind this package.
package backend
