import { AppError } from '../shared/errors.ts'
import { type SettingName, variableOfSetting } from './table.ts'

export const pinnedError = (names: readonly SettingName[]): AppError => {
  const variables = names.map(variableOfSetting)
  const [are, them] = names.length === 1 ? ['is', 'it'] : ['are', 'them']
  return new AppError(
    'setting_pinned',
    409,
    `${names.join(', ')} ${are} set by the environment (${variables.join(', ')}) and cannot be changed here. Change ${them} there, or take ${them} out of the environment and restart.`,
  )
}
