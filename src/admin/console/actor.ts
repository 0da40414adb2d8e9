import { type TextKey, t } from '../../shared/locales/texts.ts'
import { own } from '../../shared/own.ts'

/** Actors that have no name of their own, as settings and applied files keep them (src/audit/actor-name.ts). */
const NAMELESS: Readonly<Record<string, TextKey>> = {
  server: 'admin.common.by.server',
  'command line': 'admin.common.by.command_line',
}

/** Who did something, behind “by”. */
export function byWhom(name: string): string {
  const key = own(NAMELESS, name)
  return key === undefined ? name : t(key)
}
