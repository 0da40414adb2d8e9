import { type Actor, kindInWords, type NamedActor } from '../../shared/audit-context.ts'
import { type TextKey, t } from '../../shared/locales/texts.ts'
import { own } from '../../shared/own.ts'

const NOBODY = {
  anonymous: 'admin.audit.who.anonymous',
  server: 'admin.audit.who.server',
  command_line: 'admin.audit.who.command_line',
} as const satisfies Record<string, TextKey>

/** What has no name and no ID. */
export function nobody(kind: string): string {
  const key = own<TextKey>(NOBODY, kind)
  return key === undefined ? kind : t(key)
}

/** Who did something, as a name that is never empty. That of a command line or a directory is told from that of a person. */
export function whoOf({ kind, name, id }: Pick<Actor, 'id' | 'name'> & { kind: string }): string {
  if (kind === 'command_line')
    return name === undefined
      ? t('admin.audit.who.by_command.unnamed')
      : t('admin.audit.who.by_command', { name })
  if (kind === 'scim')
    return name === undefined ? t('admin.audit.who.by_scim.unnamed') : t('admin.audit.who.by_scim', { name })
  return name ?? id ?? nobody(kind)
}

/** In the middle of a sentence. */
const BY_UNNAMED = {
  server: 'admin.common.by.server',
  command_line: 'admin.common.by.command_line',
} as const satisfies Record<string, TextKey>

/** No username has a space: an older version kept this name without a kind. */
const COMMAND_LINE = 'command line'

/** By whom something was done: “by Ada”, “by the server”, “by root (command line)”. */
export function byWhom(actor: Pick<Actor, 'id' | 'name'> & { kind: NamedActor['kind'] }): string {
  const { name } = actor
  const kind = actor.kind === '' && name === COMMAND_LINE ? 'command_line' : actor.kind
  const unnamed = name === undefined || name === kindInWords(kind)
  const key = unnamed ? own<TextKey>(BY_UNNAMED, kind) : undefined
  return key === undefined ? t('admin.common.by', { name: whoOf(actor) }) : t(key)
}
