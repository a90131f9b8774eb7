//go:build !race

package backendtest

const raced = false
