package main

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/addongw/addongw/gateway/conformance"
)

// curl writes a request as a command for a POSIX shell. user and password are
// words of the shell: what the request does not hold. The id that stands for
// one to come is taken from the variable ID. More are further words.
func curl(r conformance.Request, user, password string, more ...string) string {
	parts := []string{"curl -sS"}
	if r.Basic {
		parts = append(parts, "-u", user+password)
	}
	parts = append(parts, more...)
	usual := http.MethodGet
	if r.Body != nil {
		usual = http.MethodPost
	}
	if r.Method != usual {
		parts = append(parts, "-X", r.Method)
	}
	if strings.ContainsAny(r.URL, "[]{}") {
		parts = append(parts, "-g") // they are no patterns
	}
	parts = append(parts, shellWord(r.URL))
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			parts = append(parts, "-H", shellWord(name+": "+value))
		}
	}
	if r.Body != nil {
		if r.Header.Get("Content-Type") == "" {
			parts = append(parts, "-H 'Content-Type:'") // curl would say that it is a form
		}
		parts = append(parts, "--data-raw", shellWord(string(r.Body)))
	}
	return strings.Join(parts, " ")
}

// answeredID stands in requests for the id that a provision will answer.
const answeredID = "the-id-that-was-answered"

// shellWord makes text one word of a POSIX shell, with the variable ID where
// answeredID stands.
func shellWord(text string) string {
	parts := strings.Split(text, answeredID)
	for i, part := range parts {
		if part != "" || len(parts) == 1 {
			parts[i] = shellQuote(part)
		}
	}
	return strings.Join(parts, `"$ID"`)
}

// shellQuote makes text one word of a POSIX shell.
func shellQuote(text string) string {
	plain := strings.IndexFunc(text, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+=,", r)
	}) < 0
	if plain && text != "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
