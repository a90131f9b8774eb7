//go:build race

package backendtest

const raced = true
