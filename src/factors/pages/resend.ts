import { t } from '../../shared/locales/texts.ts'
import { durationInWords } from '../../shared/moment.ts'

/** What a page says where a message was sent a moment ago. @param seconds until it may be sent again */
export const tooEarly = (seconds: number): string => t('resend.early', { wait: durationInWords(seconds) })
