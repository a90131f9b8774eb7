// Command addongw is the gateway and its tools: one file per command, wiring
// only. What a command does lives in gateway/; what it prints lives here.
//
// Read main.go for how a command ends, command.go for what commands share,
// then serve.go, which puts the whole gateway together.
package main
