package main

import "github.com/spf13/cobra"

func newSchema(c *command) *cobra.Command { return &cobra.Command{Use: "schema"} }
