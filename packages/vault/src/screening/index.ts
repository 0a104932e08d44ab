/** Screens, as the vault asks them. */
export {
  type AskOptions,
  askScreens,
  describeFetchError,
  type ScreenEndpoint,
  type ScreenResult,
} from './client.ts';
