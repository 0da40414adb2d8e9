import { described } from '../../../shared/locales/described.ts'
import { t } from '../../../shared/locales/texts.ts'
import { own } from '../../../shared/own.ts'

/** What was done, in words behind the name of who did it, in the language of the console. */
export type AuditSentence = (action: string, target: string | undefined) => string

/** @param types the events and their English, `{target}` for what they were done to */
export const createAuditSentence =
  (types: Readonly<Record<string, string>>): AuditSentence =>
  (action, target) => {
    const english = own(types, action)
    // What another version has written is spelt as it is.
    if (english === undefined)
      return target === undefined
        ? t('admin.audit.other', { action })
        : t('admin.audit.other.to', { action, target })
    return described(`admin.audit.did.${action}`, english).replace(
      '{target}',
      () => target ?? t('admin.audit.who.unknown'),
    )
  }
