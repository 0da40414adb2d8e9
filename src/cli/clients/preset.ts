import type { Command } from 'commander'
import type { ClientView, IssuedSecret } from '../../clients/view.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import type { Options } from '../context.ts'

/** What `clients create --preset` registers, and what it prints then. */
interface GivenPreset {
  registration: Record<string, unknown>
  /** The lines to paste, with the values of the client and its secret. */
  lines(issuer: string, client: ClientView & IssuedSecret): { label: string; text: string }[]
}

export const addPresetOptions = (command: Command): Command =>
  command
    .option(
      '--preset <program>',
      'registers what this program needs, like grafana, and prints its settings; other options go before it. Any other word lists them all',
    )
    .option('--url <address>', 'the address at which people open the program of --preset')

/**
 * The preset that the options name; undefined: none.
 * @throws ValidationError for a program that there is none of, or an address that it cannot have
 */
export async function presetGiven({ preset: id, url }: Options): Promise<GivenPreset | undefined> {
  if (typeof id !== 'string') {
    if (url === undefined) return undefined
    throw new ValidationError({ url: 'is for --preset alone; without one, say --redirect-uri' })
  }
  // Read from files, and needed by this command alone.
  const { presetLines, presetOf, presetRegistration } = await import('../../admin/console/snippets/preset.ts')
  const stack = presetOf(id)
  return {
    registration: presetRegistration(stack, typeof url === 'string' ? url : ''),
    lines: (issuer, client) =>
      presetLines(stack, issuer, client, client.client_secret).map(({ label, text }) => ({ label, text })),
  }
}
