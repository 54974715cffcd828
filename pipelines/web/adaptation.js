export {line, predict, takes} from "./classification.js";
