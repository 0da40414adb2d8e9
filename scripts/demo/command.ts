import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface CommandResult {
  status: number | null
  stdout: string
  stderr: string
}

/** Runs the command line of Latchkey and waits for it. `input` goes to its standard input, never to its arguments. */
export function latchkey(
  env: NodeJS.ProcessEnv,
  args: readonly string[],
  input = '',
): Promise<CommandResult> {
  return new Promise((settle, fail) => {
    const child = spawn(process.execPath, ['src/cli/main.ts', ...args], { cwd: root, env })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.once('error', fail)
    child.once('close', (status) => settle({ status, stdout, stderr }))
    child.stdin.end(input)
  })
}

/** @throws Error with what the command said when it fails, or when it does not print JSON */
export async function latchkeyJson(
  env: NodeJS.ProcessEnv,
  args: readonly string[],
  input = '',
): Promise<unknown> {
  const { status, stdout, stderr } = await latchkey(env, [...args, '--json'], input)
  if (status !== 0)
    throw new Error(`“latchkey ${args.slice(0, 2).join(' ')}” failed: ${stderr.trim() || `exit ${status}`}`)
  return JSON.parse(stdout)
}
