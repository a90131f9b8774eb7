package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/diagnostic/explain"
)

func newExplain(c *command) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE]",
		Short: "Explain the code of an error, with a wrong and a right example",
		Long: "Explains what a code such as AG302 means, shows a wrong and a right example, and says what to do.\n" +
			"Without a code it lists all of them.",
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: explain.Codes(),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.listCodes()
			}
			return c.explain(args[0])
		},
	}
}

// codeRecord is one code for programs.
type codeRecord struct {
	Code     string `json:"code"`
	Title    string `json:"title"`
	Means    string `json:"means"`
	Wrong    string `json:"wrong,omitempty"` // HCL; "# …" stands for what else belongs there
	Right    string `json:"right,omitempty"`
	Markdown string `json:"markdown,omitempty"` // the whole page
}

func newCodeRecord(p explain.Page) codeRecord {
	return codeRecord{Code: p.Code, Title: p.Title, Means: p.Means(), Wrong: p.Example("Wrong"), Right: p.Example("Right"), Markdown: p.Text}
}

func (c *command) explain(code string) error {
	page, ok := explain.Find(code)
	if !ok {
		hint := "addongw explain lists all codes."
		if near := diagnostic.Nearest(strings.ToUpper(code), explain.Codes()); near != "" {
			hint = fmt.Sprintf("Did you mean %s? %s", near, hint)
		}
		return usage(fmt.Errorf("there is no code %q", code), hint)
	}
	if c.format == "json" {
		return failed(c.printJSON(envelope{kind: "explain", body: newCodeRecord(page)}))
	}
	text := page.Plain()
	if !c.utf8() {
		text = diagnostic.ASCII(text)
	}
	_, err := fmt.Fprint(c.out, text)
	return failed(err)
}

func (c *command) listCodes() error {
	if c.format == "json" {
		list := []codeRecord{}
		for _, p := range explain.Pages() {
			record := newCodeRecord(p)
			record.Wrong, record.Right, record.Markdown = "", "", ""
			list = append(list, record)
		}
		return failed(c.printJSON(envelope{kind: "explain_list", body: map[string]any{"codes": list}}))
	}
	for _, p := range explain.Pages() {
		if _, err := fmt.Fprintf(c.out, "%s  %s\n", p.Code, p.Title); err != nil {
			return failed(err)
		}
	}
	return nil
}
