// Colors of light.

/** Return the color of a black body as [red, green, blue], fitted by hand for 2,000 to 6,500 K. */
export function kelvinColor(kelvin) {
  const warmth = Math.min(1, Math.max(0, (6500 - kelvin) / 4500));
  return [255, Math.round(248 - 111 * warmth ** 1.8), Math.round(250 - 226 * warmth ** 1.95)];
}

/** Return the color of a hue (degrees) and a saturation (percent) as [red, green, blue]. */
export function hueColor(hue, saturation) {
  const channel = (offset) => {
    const k = (offset + hue / 60) % 6;
    return Math.round(255 * (1 - (saturation / 100) * Math.max(0, Math.min(k, 4 - k, 1))));
  };
  return [channel(5), channel(3), channel(1)];
}

const PLAIN = kelvinColor(2900);

/** Return how a light looks: its color and its strength from 0 to 1. */
export function glow(endpoint) {
  const { state, features } = endpoint;
  if (!state.on) return { color: PLAIN, strength: 0 };
  const strength = 0.3 + (0.7 * (state.brightness ?? 100)) / 100;
  const isColored = features.color && state.mode !== "white" && typeof state.hue === "number";
  if (isColored) return { color: hueColor(state.hue, state.saturation ?? 100), strength };
  return { color: state.color_temp_kelvin ? kelvinColor(state.color_temp_kelvin) : PLAIN, strength };
}

/** Return the light of a room: the mean color of what glows, and the strongest of it. */
export function mixed(glows) {
  const total = glows.reduce((sum, each) => sum + each.strength, 0);
  if (!total) return { color: PLAIN, strength: 0 };
  const color = [0, 1, 2].map((channel) =>
    Math.round(glows.reduce((sum, each) => sum + each.color[channel] * each.strength, 0) / total),
  );
  return { color, strength: Math.max(...glows.map((each) => each.strength)) };
}
