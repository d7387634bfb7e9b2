import type { Command, Flag } from "../command.ts";
import { HELP_FLAG } from "../parse_args.ts";

/** The shells that there are scripts for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** One of {@link SHELLS}. */
export type Shell = typeof SHELLS[number];

/** Whether a word is one of {@link SHELLS}. */
export function isShell(word: string): word is Shell {
  return (SHELLS as readonly string[]).includes(word);
}

/** The script that makes a shell complete commands, flags and words. */
export function completionScript(shell: Shell, commands: readonly Command[]): string {
  return { bash, zsh, fish }[shell](commands);
}

/** The placeholder of flags that take a file's path; shells complete it. */
const FILE_VALUE = "FILE";

function bash(commands: readonly Command[]): string {
  const run = commands.filter((command) => command.name === "run").flatMap(flagWords);
  const fileFlags = commands.flatMap(flagsOf).filter((flag) => flag.value === FILE_VALUE).flatMap(spellings);
  const cases = commands.map((command) =>
    `    ${command.name}) words="${[...flagWords(command), ...staticWords(command)].join(" ")}"${
      isDynamic(command) ? " asks=yes" : ""
    } ;;`
  );
  const names = commands.map((command) => command.name).join(" ");
  return `# tcpproxy: completions for bash. source <(tcpproxy completions bash)
_tcpproxy() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} words= asks=
  COMPREPLY=()
  case $prev in
    ${[...new Set(fileFlags)].join("|")}) return ;; # readline's own: files
  esac
  case \${COMP_WORDS[1]} in
${cases.join("\n")}
    help) words="${names}" ;;
    -*) words="${run.join(" ")}" ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${names} help ${run.join(" ")} --version" asks=
  fi
  if [ -n "$asks" ] && [[ $cur != -* ]]; then
    _tcpproxy_ask
    [ \${#COMPREPLY[@]} -gt 0 ] && return
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
# The names of the running proxy. Readline ends words at colons, and addresses have some: so the words are read from the
# line, and of a name only what follows the last colon that is typed is offered.
_tcpproxy_ask() {
  local line=\${COMP_LINE:0:COMP_POINT} typed prefix name
  local -a typed_words
  # Without -r: a backslash quotes the next character, as in the shell.
  read -a typed_words <<<"$line"
  [[ $line == *[[:space:]] ]] && typed_words+=("")
  typed=\${typed_words[\${#typed_words[@]}-1]}
  prefix=\${typed%"\${typed##*:}"}
  while IFS=$'\\t' read -r name _; do
    [[ $name == "$typed"* ]] && COMPREPLY+=("$(printf %q "\${name#"$prefix"}")")
  done < <("\${COMP_WORDS[0]}" ${COMPLETE} -- "\${typed_words[@]:1}" 2>/dev/null)
}
complete -o default -F _tcpproxy tcpproxy`;
}

function zsh(commands: readonly Command[]): string {
  const entries = commands.map((command) => `    ${quote(`${command.name}:${zshText(command.summary)}`)}`);
  const cases = commands.map((command) => {
    const words = [...flagsOf(command).map(zshFlag), ...zshWords(command)];
    return `    ${command.name}) _arguments ${words.join(" ")} ;;`;
  });
  return `#compdef tcpproxy
# tcpproxy: completions for zsh. tcpproxy completions zsh > "\${fpath[1]}/_tcpproxy"
_tcpproxy() {
  local -a commands
  commands=(
${entries.join("\n")}
    'help:Show help on a command'
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local program=$words[1] command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join("\n")}
    help) _describe 'command' commands ;;
    *) _files ;;
  esac
}
# The names of the running proxy, each with what it is where that is known.
_tcpproxy_ask() {
  local -a lines names shown
  lines=("\${(@f)$("$program" ${COMPLETE} -- "\${(@Q)words[1,CURRENT]}" 2>/dev/null)}")
  lines=("\${(@)lines:#}")
  (( $#lines )) || return 1
  names=("\${(@)lines%%$'\\t'*}")
  shown=("\${(@)lines//$'\\t'/  }")
  compadd -l -d shown -a names
}
# Run as a function that was loaded from fpath, or sourced.
if [ "$funcstack[1]" = "_tcpproxy" ]; then
  _tcpproxy "$@"
else
  compdef _tcpproxy tcpproxy
fi`;
}

function fish(commands: readonly Command[]): string {
  const names = [...commands.map((command) => command.name), "help"].join(" ");
  const isFirst = `not __fish_seen_subcommand_from ${names}`;
  const lines = commands.flatMap((command) => {
    const isThis = `__fish_seen_subcommand_from ${command.name}`;
    return [
      `complete -c tcpproxy -n ${quote(isFirst)} -f -a ${command.name} -d ${quote(command.summary)}`,
      ...flagsOf(command).map((flag) => `complete -c tcpproxy -n ${quote(isThis)} ${fishFlag(flag)}`),
      ...(command.dynamic === undefined
        ? []
        : [`complete -c tcpproxy -n ${quote(isThis)} -f -a '(__tcpproxy_ask)'`]),
      ...(staticWords(command).length === 0
        ? []
        : [`complete -c tcpproxy -n ${quote(isThis)} -f -a ${quote(staticWords(command).join(" "))}`]),
    ];
  });
  return `# tcpproxy: completions for fish. tcpproxy completions fish > ~/.config/fish/completions/tcpproxy.fish
# The names of the running proxy.
function __tcpproxy_ask
  set -l typed (commandline -opc)
  $typed[1] ${COMPLETE} -- $typed[2..-1] (commandline -ct) 2>/dev/null
end
${lines.join("\n")}
complete -c tcpproxy -n ${quote("__fish_seen_subcommand_from help")} -f -a ${quote(names)}`;
}

/** The hidden command that knows the names of the running proxy. */
const COMPLETE = "__complete";

/** Whether a word or a flag of a command names something of a running proxy, or has a fixed set of values. */
function isDynamic({ dynamic, flags }: Command): boolean {
  return dynamic !== undefined || flags.some(isAsked);
}

/** Whether the values of a flag are to be asked for. */
function isAsked(flag: Flag): boolean {
  return flag.dynamic !== undefined || flag.choices !== undefined;
}

/** The words of a fixed set that stand in the script; of a command that is asked for the others, it gives these too. */
function staticWords({ choices, dynamic }: Command): readonly string[] {
  return dynamic === undefined ? choices ?? [] : [];
}

function flagsOf(command: Command): Flag[] {
  return [...command.flags, HELP_FLAG];
}

function flagWords(command: Command): string[] {
  return flagsOf(command).map((flag) => `--${flag.name}`);
}

function spellings(flag: Flag): string[] {
  return [...(flag.short === undefined ? [] : [`-${flag.short}`]), `--${flag.name}`];
}

function zshFlag(flag: Flag): string {
  const action = flag.value === FILE_VALUE ? "_files" : isAsked(flag) ? "_tcpproxy_ask" : "";
  const value = flag.value === undefined ? "" : `:${flag.value}:${action}`;
  const tail = quote(`[${zshText(flag.summary)}]${value}`);
  const words = spellings(flag);
  // The parentheses keep zsh from offering one spelling after the other was given.
  return words.length === 1
    ? `${words[0]}${tail}`
    : `${quote(`(${words.join(" ")})`)}{${words.join(",")}}${tail}`;
}

function zshWords(command: Command): string[] {
  if (command.arity[1] === 0) return [];
  if (command.dynamic !== undefined) return [quote("*:name:_tcpproxy_ask")];
  if (command.choices !== undefined) return [quote(`1:word:(${command.choices.join(" ")})`)];
  return [quote(command.usage.includes(FILE_VALUE) ? "*:file:_files" : "*: :")];
}

function zshText(text: string): string {
  return text.replace(/[[\]:\\]/g, "\\$&");
}

function fishFlag(flag: Flag): string {
  const short = flag.short === undefined ? "" : `-s ${flag.short} `;
  const values = isAsked(flag) ? " -x -a '(__tcpproxy_ask)'" : " -x";
  const value = flag.value === undefined ? "" : flag.value === FILE_VALUE ? " -r -F" : values;
  return `${short}-l ${flag.name}${value} -d ${quote(flag.summary)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
