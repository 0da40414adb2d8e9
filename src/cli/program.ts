import { relative } from 'node:path'

/** How this program was called, for hints that run as they are printed: by npm, or (in the container) by node. */
export function programOf(env: NodeJS.ProcessEnv, script: string | undefined, folder: string): string {
  const direct = env.npm_lifecycle_event === undefined && script?.endsWith('/bin/latchkey.mjs')
  return direct && script ? `node ${relative(folder, script)}` : 'npm run -s latchkey --'
}

export const PROGRAM = programOf(process.env, process.argv[1], process.cwd())
