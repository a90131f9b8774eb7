// Package gateway holds the words every other package speaks: [Resource],
// [Order], [Operation], their states, [ConfigVar], [Error] and its [Kind].
//
// It does no I/O, reads no HCL and knows no platform; it imports the standard
// library only, so that anything may import it. Read [Resource] first, then
// [Operation], then [Error].
package gateway
