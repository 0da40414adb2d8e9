import { own } from '../../shared/own.ts'

/**
 * The parts of a page that are open, where they are folded on a phone.
 * @param parts the part that something was done in, by the word of its notice in the address
 * @param also others that are
 */
export const unfolded = (
  parts: Readonly<Record<string, string>>,
  done: string | undefined,
  ...also: (string | undefined)[]
): string[] => [own(parts, done ?? ''), ...also].filter((part) => part !== undefined)
