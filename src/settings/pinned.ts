import { NAMES, readText, type Values, variableOfSetting } from './table.ts'

/** What the environment says, which nobody can change while the server runs. */
export type Pinned = Partial<Values>

/**
 * The settings in an environment. An empty variable counts as unset.
 * @returns `problems`: a line for each wrong variable, with an example of a right value
 */
export function readPinned(env: Readonly<Record<string, string | undefined>>): {
  pinned: Pinned
  problems: string[]
} {
  const problems: string[] = []
  const pinned = NAMES.flatMap((name) => {
    const variable = variableOfSetting(name)
    const text = env[variable]
    if (text === undefined || text === '') return []
    const read = readText(name, text)
    if ('value' in read) return [[name, read.value] as const]
    problems.push(`${variable} ${read.problem}`)
    return []
  })
  return { pinned: Object.fromEntries(pinned) as Pinned, problems }
}
