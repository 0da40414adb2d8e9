import { type Cli, CliError } from './context.ts'

/** What each may at most be, in bytes: the secret of a client may be a private key. */
const MAX_INPUT = { password: 4096, secret: 16_384 }

/**
 * Everything on standard input, without the line end that `echo` adds. What is secret is never an option: others on
 * the machine see the options of a command.
 */
export async function readSecret(
  { stdin, stderr }: Pick<Cli, 'stdin' | 'stderr'>,
  what: 'password' | 'secret',
): Promise<string> {
  const option = `--${what}-stdin`
  if (stdin.isTTY === true) {
    const name = what === 'password' ? 'Password' : 'Secret'
    stderr.write(`${name} (it will show; end with Ctrl-D on a new line):\n`)
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > MAX_INPUT[what]) throw new CliError([`${option}: is too long for a ${what}`])
    chunks.push(bytes)
  }
  const text = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '')
  if (text === '') throw new CliError([`${option}: nothing came on standard input`])
  return text
}
