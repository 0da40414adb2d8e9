import type { NamedActor } from '../../shared/audit-context.ts'
import { type TextKey, t } from '../../shared/locales/texts.ts'
import { own } from '../../shared/own.ts'

/** Actors without a name of their own. */
const NAMELESS: Readonly<Record<string, TextKey>> = {
  server: 'admin.common.by.server',
  command_line: 'admin.common.by.command_line',
}

/** By whom something was done: “by Ada”, “by the server”. */
export function byWhom({ kind, name }: Omit<NamedActor, 'name'> & { name?: string | undefined }): string {
  const nameless = name === undefined || name === kind.replace('_', ' ')
  const key = nameless ? own(NAMELESS, kind) : undefined
  return key === undefined ? t('admin.common.by', { name: name ?? kind }) : t(key)
}
