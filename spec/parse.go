package spec

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Parse reads an exchange file; README.md describes the format. Errors name
// file and line.
func Parse(file, text string) (Exchange, error) {
	p := &parser{file: file, lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n")}
	e := Exchange{Name: shortName(file)}
	if !utf8.ValidString(text) {
		return Exchange{}, p.errorf("the file is not UTF-8; {{bytes}} writes what is not text")
	}
	if err := p.head(&e); err != nil {
		return Exchange{}, err
	}
	for p.at < len(p.lines) {
		step, err := p.step()
		if err != nil {
			return Exchange{}, err
		}
		e.Steps = append(e.Steps, step)
	}
	if len(e.Steps) == 0 {
		return Exchange{}, p.errorf("there is no request (a line with %q)", ">>>")
	}
	return e, nil
}

type parser struct {
	file  string
	lines []string
	at    int // index of the next line
}

func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", p.file, min(p.at+1, len(p.lines)), fmt.Sprintf(format, args...))
}

// next returns the next line; ok is false at the end of the file.
func (p *parser) next() (line string, ok bool) {
	if p.at == len(p.lines) {
		return "", false
	}
	p.at++
	return p.lines[p.at-1], true
}

// peek tells whether the next line begins a request or an answer.
func (p *parser) peek(marker string) bool {
	return p.at < len(p.lines) && strings.HasPrefix(p.lines[p.at], marker)
}

// head reads the lines before the first request.
func (p *parser) head(e *Exchange) error {
	for !p.peek(">>>") {
		line, ok := p.next()
		if !ok {
			break
		}
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			p.at--
			return p.errorf("expected \"name: value\"")
		}
		if err := p.headField(e, name, strings.TrimSpace(value)); err != nil {
			return err
		}
	}
	if e.Title == "" || e.Source == "" || !slices.Contains([]Level{Must, Should, May}, e.Level) {
		return p.errorf("title, source and level (must, should, may) are required")
	}
	return nil
}

func (p *parser) headField(e *Exchange, name, value string) error {
	texts := map[string]*string{
		"id": &e.ID, "title": &e.Title, "source": &e.Source, "says": &e.Says, "note": &e.Note, "platform": &e.Platform,
	}
	switch target, isText := texts[name]; {
	case isText && *target == "":
		*target = value
	case isText: // a long sentence goes on under the same name
		*target += " " + value
	case name == "level":
		e.Level = Level(value)
	case name == "tags":
		e.Tags = strings.Fields(value)
	case name == "needs":
		e.Needs = append(e.Needs, strings.Fields(value)...)
	case name == "when":
		e.When = append(e.When, strings.Fields(value)...)
	default:
		p.at--
		return p.errorf("there is no field %q", name)
	}
	return nil
}

// step reads one request and its answer.
func (p *parser) step() (Step, error) {
	s := Step{Line: p.at + 1}
	marker, _ := p.next()
	title, ok := strings.CutPrefix(marker, ">>>")
	if !ok {
		p.at--
		return s, p.errorf("expected a request (a line with %q)", ">>>")
	}
	if err := p.stepTitle(&s, strings.TrimSpace(title)); err != nil {
		return s, err
	}
	if err := p.request(&s.request); err != nil {
		return s, err
	}
	if !p.peek("<<<") {
		return s, p.errorf("expected the answer (a line with %q)", "<<<")
	}
	return s, p.answer(&s.answer)
}

var atOncePattern = regexp.MustCompile(`^at once ([0-9]{1,3}): *(.*)$`)

// stepTitle reads what a title says about its step: "given an order",
// "at once 4: the same order".
func (p *parser) stepTitle(s *Step, title string) (err error) {
	s.Title, s.Times, s.Given = title, 1, strings.HasPrefix(title, "given ")
	parts := atOncePattern.FindStringSubmatch(title)
	if parts == nil {
		if strings.HasPrefix(title, "at once") {
			p.at--
			return p.errorf("expected \"at once 4: title\"")
		}
		return nil
	}
	if s.Times, err = strconv.Atoi(parts[1]); err != nil || s.Times < 2 || s.Times > 50 {
		p.at--
		return p.errorf("at once means 2 to 50 times")
	}
	s.Title = parts[2]
	return nil
}

func (p *parser) request(r *requestPattern) (err error) {
	first, _ := p.next()
	method, target, ok := strings.Cut(first, " ")
	if !ok || target == "" {
		p.at--
		return p.errorf("expected method and target, such as \"POST {{base_url}}\"")
	}
	r.method, r.target = method, target
	r.header, r.body, err = p.message(true)
	return err
}

// linesPattern is a placeholder that stands for whole header lines.
var linesPattern = regexp.MustCompile(`^\{\{[a-z][a-z0-9_]*\}\}$`)

var statusPattern = regexp.MustCompile(`^[1-5]([0-9]{2}|xx)$`)

func (p *parser) answer(a *answerPattern) (err error) {
	a.line = p.at + 1
	marker, _ := p.next()
	a.statuses = strings.Fields(strings.TrimPrefix(marker, "<<<"))
	for _, status := range a.statuses {
		if !statusPattern.MatchString(status) {
			p.at--
			return p.errorf("%q is no status such as 200 or 2xx", status)
		}
	}
	if len(a.statuses) == 0 {
		p.at--
		return p.errorf("the answer needs a status")
	}
	if a.header, a.body, err = p.message(false); err != nil {
		return err
	}
	if a.body != "" && a.body != emptyBody && !json.Valid([]byte(a.body)) {
		return p.errorf("the answer's body is not JSON")
	}
	return p.checkMatchers(a)
}

// message reads header lines, and after an empty line the body. In a request a
// placeholder may stand in place of header lines.
func (p *parser) message(request bool) (header []field, body string, err error) {
	for !p.atMarker() {
		line, ok := p.next()
		if !ok || line == "" {
			break
		}
		if request && linesPattern.MatchString(line) {
			header = append(header, field{name: line, line: p.at})
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			p.at--
			return nil, "", p.errorf("expected \"Header: value\", or an empty line before the body")
		}
		header = append(header, field{name: name, value: strings.TrimSpace(value), line: p.at})
	}
	var lines []string
	for !p.atMarker() {
		line, ok := p.next()
		if !ok {
			break
		}
		lines = append(lines, line)
	}
	return header, strings.Trim(strings.Join(lines, "\n"), "\n"), nil
}

func (p *parser) atMarker() bool { return p.peek(">>>") || p.peek("<<<") }
