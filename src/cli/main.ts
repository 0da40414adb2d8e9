import { run } from './run.ts'

// A reader that has seen enough (`| head`) closes the pipe; that is no failure of the command.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

process.exitCode = await run(process.argv.slice(2), {
  // Help, and what needs no installation, does without all that this loads.
  openServices: async (env, opening) => (await import('./open.ts')).openCliServices(env, opening),
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  fetch,
  clock: Date.now,
})
