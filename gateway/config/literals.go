package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
)

// rememberLiterals keeps the texts that stand in the files where a credential
// belongs. Those that were read as credentials are known already; but an
// excerpt of a file with mistakes also shows those whose setting is misspelt,
// or whose quote is not closed.
func (l *loader) rememberLiterals() {
	for name, file := range l.files.parsed {
		for _, text := range LiteralSecrets(name, file.Bytes) {
			l.secrets.others[text.Reveal()] = true
		}
	}
}

// written warns of a credential that stands in the file itself: what needs no
// name and no function to be evaluated. Development does not use it, but it is
// in the file all the same.
func (p *platformReader) written(c *schema.Content, name string) {
	expr := c.Expr(name)
	if expr == nil {
		return
	}
	v, diags := expr.Value(&hcl.EvalContext{})
	if diags.HasErrors() || v.IsNull() || !v.Type().IsPrimitiveType() {
		return
	}
	if v.RawEquals(cty.StringVal("")) {
		return
	}
	p.secrets.remember(v.Mark(backend.Sensitive)) // the warning shows the line
	p.rememberParts(expr.Range())
	p.add(diagnostic.Warn(fmt.Sprintf("%s is written in a file that goes into git", name), expr.Range(), diagnostic.Info{
		Code: "AG418", Hint: fmt.Sprintf(`write %s = secret("env:…")`, name),
		Notes: []string{"whoever reads the file could act as the platform; addongw keys generate makes another one"},
	}))
}

// rememberParts keeps the texts that a credential is put together from.
func (l *loader) rememberParts(at hcl.Range) {
	file := l.files.parsed[at.Filename]
	if file == nil || !at.CanSliceBytes(file.Bytes) {
		return
	}
	tokens, _ := hclsyntax.LexExpression(at.SliceBytes(file.Bytes), at.Filename, at.Start) // it was parsed before
	for _, t := range tokens {
		if text := strings.TrimSpace(string(t.Bytes)); text != "" && (t.Type == hclsyntax.TokenQuotedLit || t.Type == hclsyntax.TokenStringLit) {
			l.secrets.others[text] = true
		}
	}
}

// LiteralSecrets returns the texts of a file that stand where a credential
// belongs, judged by the names of settings: for a redactor of what is printed
// about a file that could not be read.
func LiteralSecrets(name string, src []byte) []secret.Value {
	var found []secret.Value
	tokens, _ := hclsyntax.LexConfig(src, name, hcl.InitialPos) // its problems are reported
	for i, t := range tokens {
		if t.Type != hclsyntax.TokenIdent || !soundsSecret(string(t.Bytes)) || i+2 >= len(tokens) {
			continue
		}
		if sign := tokens[i+1].Type; sign != hclsyntax.TokenEqual && sign != hclsyntax.TokenColon {
			continue
		}
		for _, text := range append(quoted(tokens[i+2:]), wronglyQuoted(tokens[i+2], src)...) {
			if text = strings.TrimSpace(text); text != "" {
				found = append(found, secret.New(text))
			}
		}
	}
	return found
}

// quoted gives the text in double quotes that tokens begin with, without what
// is inside of ${ }: a reference to a secret is none.
func quoted(tokens hclsyntax.Tokens) (texts []string) {
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOQuote, hclsyntax.TokenTemplateInterp:
			depth++
		case hclsyntax.TokenCQuote, hclsyntax.TokenTemplateSeqEnd:
			depth--
		case hclsyntax.TokenQuotedLit:
			if depth == 1 {
				texts = append(texts, string(t.Bytes))
			}
		}
		if depth == 0 || t.Type == hclsyntax.TokenNewline {
			return texts
		}
	}
	return texts
}

// wronglyQuoted gives the rest of a line that begins with another quote.
func wronglyQuoted(t hclsyntax.Token, src []byte) []string {
	const others = "'`“”„‘’«»"
	if !strings.ContainsAny(string(t.Bytes), others) {
		return nil
	}
	rest, _, _ := strings.Cut(string(src[t.Range.Start.Byte:]), "\n")
	rest = strings.Trim(rest, others+" ,;\r\t")
	closed := rest
	if end := strings.IndexAny(rest, others); end >= 0 {
		closed = rest[:end]
	}
	return []string{rest, closed}
}

// soundsSecret guesses from the name of a setting, even if it is misspelt,
// that its value is a credential.
func soundsSecret(name string) bool {
	name = strings.ToLower(name)
	parts := []string{"pass", "secret", "salt", "token", "credential", "private", "api_key"}
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(name, part) }) ||
		diagnostic.Nearest(name, []string{"password", "sso_salt", "admin_url", "value"}) != ""
}
