package main

import (
	"strings"

	"github.com/spf13/cobra"
)

func newCompletion(c *command) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print what makes a shell complete commands, ids and directories",
		Long: `Prints a script for bash, zsh, fish or powershell. Ids come from the configuration directory, and from its running
gateway where one answers at once.

  bash         source <(addongw completion bash)      in ~/.bashrc; needs the package bash-completion
  zsh          source <(addongw completion zsh)       in ~/.zshrc, behind: autoload -U compinit; compinit
  fish         addongw completion fish > ~/.config/fish/completions/addongw.fish
  powershell   addongw completion powershell | Out-String | Invoke-Expression`,
		Args:      cobra.ExactArgs(1),
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return failed(root.GenBashCompletionV2(c.out, true))
			case "zsh":
				return failed(root.GenZshCompletion(c.out))
			case "fish":
				return failed(root.GenFishCompletion(c.out, true))
			case "powershell":
				return failed(root.GenPowerShellCompletionWithDesc(c.out))
			}
			return oneOf(args[0], shells, "shell")
		},
	}
}

// completes reports whether cmd is how a shell asks for completions. Nothing
// may be complained of then: it would land in the middle of somebody's line.
func completes(cmd *cobra.Command) bool {
	return cmd.Name() == cobra.ShellCompRequestCmd || cmd.Name() == cobra.ShellCompNoDescRequestCmd
}

// addCompletions makes cmd and all below it complete: arguments by the words of
// their Use lines, flags by their names.
func (c *command) addCompletions(cmd *cobra.Command) {
	words := strings.Fields(strings.NewReplacer("[", "", "]", "", "…", "").Replace(cmd.Use))[1:]
	if len(words) > 0 && cmd.ValidArgsFunction == nil && len(cmd.ValidArgs) == 0 {
		many := strings.Contains(cmd.Use, "…")
		cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) >= len(words) && !many {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return c.completeArgument(cmd, args, words[min(len(args), len(words)-1)])
		}
	}
	c.addFlagCompletions(cmd)
	for _, sub := range cmd.Commands() {
		c.addCompletions(sub)
	}
}

func (c *command) addFlagCompletions(cmd *cobra.Command) {
	for name, list := range flagCandidates() {
		if cmd.NonInheritedFlags().Lookup(name) == nil {
			continue
		}
		// It fails for a flag that has completions of its own.
		_ = cmd.RegisterFlagCompletionFunc(name, func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return c.find(list, cmd, args), cobra.ShellCompDirectiveNoFileComp
		})
	}
	for _, name := range []string{"dir", "out"} { // these fail for a flag that cmd does not have
		_ = cmd.MarkFlagDirname(name)
	}
	_ = cmd.MarkFlagFilename("var-file", "hcl")
}

func (c *command) completeArgument(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	switch word {
	case "DIR":
		return nil, cobra.ShellCompDirectiveFilterDirs
	case "PATH":
		return []cobra.Completion{"hcl"}, cobra.ShellCompDirectiveFilterFileExt
	case "ID":
		word = cmd.Parent().Name() + " " + word
	}
	return c.find(argumentCandidates()[word], cmd, args), cobra.ShellCompDirectiveNoFileComp
}
