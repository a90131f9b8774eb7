package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/addongw/addongw/gateway/diagnostic"
)

// rememberLiterals keeps the texts that stand in the files where a credential
// belongs. Those that were read as credentials are known already; but an
// excerpt of a file with mistakes also shows those whose setting is misspelt,
// or whose quote is not closed.
func (l *loader) rememberLiterals() {
	for name, file := range l.files.parsed {
		tokens, _ := hclsyntax.LexConfig(file.Bytes, name, hcl.InitialPos) // its problems are reported
		for i, t := range tokens {
			if t.Type == hclsyntax.TokenIdent && soundsSecret(string(t.Bytes)) {
				l.rememberLiteral(tokens[i+1:])
			}
		}
	}
}

// rememberLiteral keeps the text of = "text", without what is inside of ${ }:
// a reference to a secret is none.
func (l *loader) rememberLiteral(tokens hclsyntax.Tokens) {
	if len(tokens) < 2 || tokens[0].Type != hclsyntax.TokenEqual && tokens[0].Type != hclsyntax.TokenColon || tokens[1].Type != hclsyntax.TokenOQuote {
		return
	}
	depth := 0
	for _, t := range tokens[1:] {
		switch t.Type {
		case hclsyntax.TokenOQuote, hclsyntax.TokenTemplateInterp:
			depth++
		case hclsyntax.TokenCQuote, hclsyntax.TokenTemplateSeqEnd:
			depth--
		case hclsyntax.TokenQuotedLit:
			if depth == 1 {
				l.secrets.others[strings.TrimSpace(string(t.Bytes))] = true
			}
		}
		if depth == 0 || t.Type == hclsyntax.TokenNewline {
			return
		}
	}
}

// soundsSecret guesses from the name of a setting, even if it is misspelt,
// that its value is a credential.
func soundsSecret(name string) bool {
	name = strings.ToLower(name)
	parts := []string{"pass", "secret", "salt", "token", "credential", "private", "api_key"}
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(name, part) }) ||
		diagnostic.Nearest(name, []string{"password", "sso_salt", "admin_url", "value"}) != ""
}
