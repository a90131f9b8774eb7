package expr

import (
	"strings"

	"github.com/zclconf/go-cty/cty/function"
)

// Document is what the language reference says of a function.
type Document struct {
	Group   string // one of Groups
	Text    string // one sentence
	Example string // a call; the reference shows its result too. Empty where it depends on the machine
}

// Groups lists the groups of functions in the order of the reference.
func Groups() []string {
	return []string{"Text", "Encoding", "Numbers", "Lists, maps and sets", "Types and missing values", "Time", "Digests and ids", "Files, environment and secrets"}
}

// Signature writes a function with the names of its parameters.
func Signature(name string, f function.Function) string {
	var names []string
	for _, p := range f.Params() {
		names = append(names, p.Name)
	}
	if p := f.VarParam(); p != nil {
		names = append(names, p.Name+"…")
	}
	return name + "(" + strings.Join(names, ", ") + ")"
}

// Documents returns what is known of every function of the table, by name.
func Documents() map[string]Document {
	table := map[string]Document{}
	for group, lines := range documentLines() {
		for _, line := range lines {
			name, _, _ := strings.Cut(line[0], "(")
			d := Document{Group: group, Text: line[1]}
			if strings.Contains(line[0], "(") {
				d.Example = line[0]
			}
			table[name] = d
		}
	}
	return table
}

// documentLines has an example, or the name alone, and a sentence for each
// function.
func documentLines() map[string][][2]string {
	return map[string][][2]string{
		"Text": {
			{`chomp("a\n")`, `Removes line ends from the end of a text.`},
			{`endswith("acme.example", ".example")`, `Tells whether a text ends with another.`},
			{`format("%s-%03d", "db", 7)`, `Fills values into a pattern: %s text, %d whole number, %f number, %v anything.`},
			{`formatlist("%s!", ["a", "b"])`, `Fills each value of a list into a pattern.`},
			{`indent(2, "a\nb")`, `Adds spaces behind each line end, so that a text of several lines fits into another.`},
			{`join(",", ["a", "b"])`, `Makes one text of a list, with a separator between the items.`},
			{`lower("ACME")`, `Writes a text in small letters.`},
			{`regex("[a-z]+", "12ab")`, `Finds the first match of a regular expression (RE2); an error where there is none. With groups it gives those.`},
			{`regexall("[a-z]", "a1b")`, `Finds all matches of a regular expression; an empty list where there are none.`},
			{`replace("a.b.c", ".", "-")`, `Replaces every occurrence of a part; a part written as "/…/" is a regular expression.`},
			{`reverse("abc")`, `Writes a text backwards.`},
			{`slug("Acme Postgres!", 40)`, `Makes a name of small letters, digits and dashes, of at most so many characters.`},
			{`split(",", "a,b")`, `Makes a list of the parts between separators.`},
			{`startswith("postgres://", "postgres")`, `Tells whether a text begins with another.`},
			{`strcontains("acme", "cm")`, `Tells whether a text contains another.`},
			{`strlen("é")`, `Counts characters as a reader does.`},
			{`substr("hello", 1, 3)`, `Cuts out a part: from this position, counted from 0, so many characters. -1 means to the end.`},
			{`title("hello world")`, `Begins each word with a capital.`},
			{`trim("?!a?", "!?")`, `Removes any of these characters from both ends.`},
			{`trimprefix("db.acme", "db.")`, `Removes a beginning, if it is there.`},
			{`trimspace("  a ")`, `Removes spaces and line ends from both ends.`},
			{`trimsuffix("acme.example", ".example")`, `Removes an end, if it is there.`},
			{`upper("acme")`, `Writes a text in capitals.`},
		},
		"Encoding": {
			{`base64decode("YWNtZQ==")`, `Reads a Base64 text.`},
			{`base64encode("acme")`, `Writes a text in Base64.`},
			{`csvdecode("a,b\n1,2")`, `Reads CSV; the first line names the columns. Gives a list of maps.`},
			{`jsondecode("{\"a\":[1]}")`, `Reads JSON.`},
			{`jsonencode({ a = [1] })`, `Writes a value as JSON.`},
			{`urldecode("p%40ss")`, `Reads a text that was escaped for a URL.`},
			{`urlencode("p@ss word")`, `Escapes a text for any place in a URL. A password in a URL needs it.`},
			{`yamldecode("a: 1")`, `Reads YAML.`},
			{`yamlencode({ a = 1 })`, `Writes a value as YAML.`},
		},
		"Numbers": {
			{`abs(-5)`, `Drops the sign.`},
			{`ceil(1.2)`, `Rounds up to a whole number.`},
			{`floor(1.8)`, `Rounds down to a whole number.`},
			{`max(1, 3, 2)`, `Gives the greatest.`},
			{`min(1, 3, 2)`, `Gives the smallest.`},
			{`parseint("ff", 16)`, `Reads a whole number in a base from 2 to 62.`},
			{`signum(-2)`, `Gives -1, 0 or 1.`},
		},
		"Lists, maps and sets": {
			{`chunklist(["a", "b", "c"], 2)`, `Cuts a list into lists of at most so many items.`},
			{`coalescelist([], ["a"])`, `Gives the first list that is not empty.`},
			{`compact(["a", "", "b"])`, `Removes empty texts from a list.`},
			{`concat(["a"], ["b"])`, `Puts lists behind each other.`},
			{`contains(["eu", "us"], "eu")`, `Tells whether a list has a value.`},
			{`distinct(["a", "a"])`, `Removes repetitions from a list.`},
			{`element(["a", "b"], 3)`, `Gives the item at a position, counted from 0; behind the end it begins anew.`},
			{`flatten([["a"], ["b"]])`, `Makes one list of lists inside of a list.`},
			{`index(["a", "b"], "b")`, `Finds the position of a value, counted from 0; an error where it is not there.`},
			{`keys({ b = 1, a = 2 })`, `Lists the keys of a map, in alphabetical order.`},
			{`length(["a", "b"])`, `Counts the items of a list, map or set, or the characters of a text.`},
			{`lookup({ eu = "x" }, "us", "y")`, `Gives the value of a key, or another where the map lacks it.`},
			{`merge({ a = 1 }, { b = 2 })`, `Joins maps; later ones win.`},
			{`range(3)`, `Counts: range(end), range(start, end) or range(start, end, step), without the end.`},
			{`reverselist(["a", "b"])`, `Turns a list round.`},
			{`setintersection(["a", "b"], ["b"])`, `Gives what is in all of the sets.`},
			{`setproduct(["a"], ["x", "y"])`, `Gives every combination of one item of each.`},
			{`setsubtract(["a", "b"], ["b"])`, `Gives what is in the first set and not in the second.`},
			{`setunion(["a"], ["b"])`, `Gives what is in any of the sets.`},
			{`slice(["a", "b", "c"], 1, 2)`, `Cuts out a part of a list: from this position, counted from 0, up to that one, which does not belong to it.`},
			{`sort(["b", "a"])`, `Puts texts in alphabetical order.`},
			{`values({ b = 1, a = 2 })`, `Lists the values of a map, in the order of their keys.`},
			{`zipmap(["a", "b"], [1, 2])`, `Makes a map of a list of keys and a list of values.`},
		},
		"Types and missing values": {
			{`can(tonumber("x"))`, `Tells whether an expression has a value at all.`},
			{`coalesce("", null, "b")`, `Gives the first argument that is neither null nor empty text.`},
			{`try(tonumber("x"), 0)`, `Gives the first expression that has a value: for what is not there in every plan.`},
			{`tobool("true")`, `Makes true or false of a text.`},
			{`tolist(["a"])`, `Makes a list of a set or of mixed items.`},
			{`tomap({ a = "b" })`, `Makes a map whose values have one type.`},
			{`tonumber("5")`, `Makes a number of a text.`},
			{`toset(["b", "a", "a"])`, `Makes a set of a list: no repetitions, no order.`},
			{`tostring(5)`, `Makes text of a number or of true and false.`},
		},
		"Time": {
			{`formatdate("YYYY-MM-DD", "2026-06-01T12:00:00Z")`, `Writes an instant in another form. The instant is written as RFC 3339 has it, such as resource.created_at.`},
			{`timeadd("2026-06-01T12:00:00Z", "1h")`, `Gives the instant so much later; "-1h" is earlier.`},
		},
		"Digests and ids": {
			{`hmacsha256("key", "text")`, `Signs a text with a key: HMAC-SHA-256, in hexadecimal.`},
			{`sha256("text")`, `Gives the SHA-256 of a text, in hexadecimal.`},
			{`uuidv5("dns", "www.example.com")`, `Makes a UUID of a namespace ("dns", "url", "oid", "x500" or a UUID) and a name: the same every time.`},
		},
		"Files, environment and secrets": {
			{`env`, `Reads an environment variable of the gateway: env("NAME"), or env("NAME", "default"). Without a default it must be set.`},
			{`file`, `Reads a text file inside the configuration directory, or inside an included directory whose file says so: file("description.md").`},
			{`nonsensitive("a")`, `Treats a value as public although it was made from a secret. Think twice.`},
			{`secret`, `Reads a secret: secret("SOURCE:NAME"). The argument is a plain text. The result is sensitive, and unknown while files are checked.`},
			{`sensitive`, `Treats a value as secret: it is masked wherever it is shown.`},
			{`templatefile`, `Renders a template file, which lies where file() reads: templatefile("welcome.tmpl", { name = addon.name }).`},
		},
	}
}
