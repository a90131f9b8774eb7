package schema

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
)

// translate puts what hcl says about names and labels into our words, which
// know the table.
func (b *Block) translate(found hcl.Diagnostics) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, d := range found {
		if own := b.translateOne(d); own != nil {
			diags = append(diags, own)
			continue
		}
		diags = append(diags, d)
	}
	return diags
}

func (b *Block) translateOne(d *hcl.Diagnostic) *hcl.Diagnostic {
	if d.Subject == nil {
		return nil
	}
	switch d.Summary {
	case "Unsupported argument":
		return b.unknownSetting(firstQuoted(d.Detail), *d.Subject)
	case "Unsupported block type":
		return b.unknownBlock(firstQuoted(d.Detail), *d.Subject)
	case "Extraneous JSON object property":
		return b.unknownSetting(firstQuoted(d.Detail), *d.Subject)
	}
	for _, n := range b.Blocks {
		if !wrongLabels(d.Summary, n.Type) {
			continue
		}
		at := *d.Subject
		if d.Context != nil {
			at = *d.Context
		}
		if n.Reserved {
			return diagnostic.NotInThisVersion(n.Type, at)
		}
		return n.labelCount(at)
	}
	return nil
}

// meantBy finds the names that those which hcl does not accept were meant to
// be, as far as that can be guessed.
func (b *Block) meantBy(found hcl.Diagnostics) map[string]bool {
	meant := map[string]bool{}
	for _, d := range found {
		switch d.Summary {
		case "Unsupported argument", "Unsupported block type", "Extraneous JSON object property":
			names := append(b.settingNames(), b.blockNames()...)
			meant[diagnostic.Nearest(firstQuoted(d.Detail), names)] = true
			continue
		}
		for _, n := range b.Blocks {
			meant[n.Type] = meant[n.Type] || wrongLabels(d.Summary, n.Type)
		}
	}
	return meant
}

// wrongLabels recognises hcl's complaints about the labels of a kind of block.
func wrongLabels(summary, kind string) bool {
	if summary == "Extraneous label for "+kind {
		return true
	}
	return strings.HasPrefix(summary, "Missing ") && strings.HasSuffix(summary, " for "+kind)
}

// firstQuoted returns the first quoted name of a message.
func firstQuoted(text string) string {
	start := strings.IndexByte(text, '"')
	if start < 0 {
		return ""
	}
	name, err := strconv.QuotedPrefix(text[start:])
	if err != nil {
		return ""
	}
	name, _ = strconv.Unquote(name)
	return name
}

func (b *Block) unknownSetting(name string, at hcl.Range) *hcl.Diagnostic {
	if n, ok := b.block(name); ok {
		if n.Reserved {
			return diagnostic.NotInThisVersion(name, at)
		}
		return diagnostic.New(quote(name)+" is a block", at, diagnostic.Info{
			Code: "AG205", Hint: "write " + n.example() + ` without "="`,
		})
	}
	if b.Type == "" {
		return b.outsideOfBlocks(name, at)
	}
	if name == forEachName {
		return diagnostic.New(fmt.Sprintf("%s can't be repeated with for_each", diagnostic.Capital(diagnostic.WithArticle(b.Type))), at, diagnostic.Info{Code: "AG202"})
	}
	info := offer("AG202", name, b.settingNames(), "settings")
	if inner := b.pluginPart(); info.Hint == "" && inner != "" {
		info.Hint = "what the plugin has to know belongs inside " + inner
	}
	return diagnostic.New(fmt.Sprintf("%s is no setting of %s", quote(name), diagnostic.WithArticle(b.Type)), at, info)
}

// pluginPart is the part of a block whose names a plugin declares: a nested
// block or a map; "" where there is none.
func (b *Block) pluginPart() string {
	for _, n := range b.Blocks {
		if n.Body && len(n.Labels) == 0 {
			return n.example()
		}
	}
	for _, a := range b.Attributes {
		if a.Raw && a.Phase != Live && a.Phase != Request && a.Type != cty.NilType {
			return a.example()
		}
	}
	return ""
}

// outsideOfBlocks speaks of a setting at the top level of a file, where only
// blocks stand.
func (b *Block) outsideOfBlocks(name string, at hcl.Range) *hcl.Diagnostic {
	info := diagnostic.Info{Code: "AG202", Hint: "settings belong inside a block"}
	for _, n := range b.Blocks {
		if a, ok := n.attribute(name); ok && !a.Reserved && !n.Reserved {
			info.Hint = fmt.Sprintf("it belongs inside %s", n.example())
			break
		}
	}
	return diagnostic.New(quote(name)+" stands outside of every block", at, info)
}

func (b *Block) unknownBlock(name string, at hcl.Range) *hcl.Diagnostic {
	if a, ok := b.attribute(name); ok {
		if a.Reserved {
			return diagnostic.NotInThisVersion(name, at)
		}
		return diagnostic.New(quote(name)+" is a setting, not a block", at, diagnostic.Info{
			Code: "AG205", Hint: "write " + a.example(),
		})
	}
	where := ""
	switch inner := b.holder(name); {
	case b.Type != "":
		where = " in " + diagnostic.WithArticle(b.Type)
	case inner != nil:
		return diagnostic.New(fmt.Sprintf("A %s block stands inside of another block", quote(name)), at, diagnostic.Info{
			Code: "AG201", Hint: "it belongs inside " + inner.example(),
		})
	}
	return diagnostic.New(fmt.Sprintf("There is no %s block%s", quote(name), where), at,
		offer("AG201", name, b.blockNames(), "blocks"))
}

// holder finds the nested block that has blocks of a kind; nil when none does.
func (b *Block) holder(kind string) *Block {
	for _, n := range b.Blocks {
		if _, ok := n.block(kind); ok {
			return n
		}
	}
	return nil
}

// offer suggests the nearest name and lists them all if they are few.
func offer(code, name string, names []string, word string) diagnostic.Info {
	info := diagnostic.Info{Code: code, Hint: diagnostic.DidYouMean(name, names)}
	if list := diagnostic.List(names); list != "" {
		info.Notes = append(info.Notes, word+" here: "+list)
	}
	return info
}

func (b *Block) settingNames() []string {
	var names []string
	for _, a := range b.Attributes {
		if !a.Reserved {
			names = append(names, a.Name)
		}
	}
	if b.ForEach {
		names = append(names, forEachName)
	}
	return names
}

func (b *Block) blockNames() []string {
	var names []string
	for _, n := range b.Blocks {
		if !n.Reserved {
			names = append(names, n.Type)
		}
	}
	return names
}

func (b *Block) labelCount(at hcl.Range) *hcl.Diagnostic {
	what := "has no name"
	switch len(b.Labels) {
	case 0:
	case 1:
		what = "has one " + b.Labels[0]
	default:
		what = "has a " + strings.Join(b.Labels, " and a ")
	}
	subject := diagnostic.Capital(diagnostic.WithArticle(b.Type))
	if strings.HasSuffix(b.Type, "s") { // nobody says "a locals"
		subject = "The block " + quote(b.Type)
	}
	return diagnostic.New(subject+" "+what, at, diagnostic.Info{
		Code: "AG206", Hint: "write " + b.example(),
	})
}

// example shows how a block is written.
func (b *Block) example() string {
	text := b.Type
	for _, l := range b.Labels {
		text += " " + quote(strings.ToUpper(l))
	}
	return text + " { … }"
}

// example shows how a setting is written.
func (a Attribute) example() string {
	switch {
	case a.Default != "":
		return a.Name + " = " + a.Default
	case a.Reference:
		return a.Name + " = " + a.Name + ".TYPE.NAME"
	case a.Type == cty.String && a.Secret:
		return a.Name + ` = secret("env:…")`
	case a.Type == cty.String:
		return a.Name + ` = "…"`
	case a.Type != cty.NilType && (a.Type.IsListType() || a.Type.IsSetType()):
		return a.Name + " = […]"
	case a.Type != cty.NilType && (a.Type.IsMapType() || a.Type.IsObjectType()):
		return a.Name + " = { … }"
	}
	return a.Name + " = …"
}

func quote(name string) string { return `"` + name + `"` }

func compareRanges(a, b hcl.Range) int {
	return cmp.Or(cmp.Compare(a.Filename, b.Filename), cmp.Compare(a.Start.Byte, b.Start.Byte))
}
